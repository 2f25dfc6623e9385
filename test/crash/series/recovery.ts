import type { Rig } from "../../support/rig.ts";

/** Milliseconds from SIGKILL to a connected session, with the process started again at once; nobody asks it to connect. */
export async function recoveries(rig: Rig, times: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let count = 0; count < times; count += 1) {
    await rig.connected();
    rig.server().kill("SIGKILL");
    await rig.server().exited;
    const killedAt = performance.now();
    rig.spawn();
    found.push(await rig.connected(killedAt));
  }
  return found;
}

/** Milliseconds from the SIGKILL of the leader to a session connected by its standby, which has then the same address. */
export async function takeovers(rig: Rig, times: number): Promise<readonly number[]> {
  const found: number[] = [];
  for (let count = 0; count < times; count += 1) {
    await rig.connected();
    const leader = rig.server();
    const standby = rig.spawn();
    await rig.waits(standby);
    const killedAt = performance.now();
    leader.kill("SIGKILL");
    await leader.exited;
    found.push(await rig.connected(killedAt));
  }
  return found;
}
