import type { Declare } from "../command-table.ts";
import { traceOf } from "../message-trace.ts";
import { instanceOption } from "../options.ts";
import { connectServer } from "../server.ts";
import { clockTime } from "../times.ts";

/** `wazapi message`. */
export const declareMessage: Declare = (command, run) => {
  command
    .command("trace")
    .description("Show the way of one message: its place in the queue and every state it reached.")
    .argument("<messageId>", "WhatsApp's id of the message, as `wazapi send` prints it")
    .addOption(instanceOption())
    .action(
      run<{ instance?: string }>(async (cli, { args: [messageId = ""], options }) => {
        await using server = await connectServer(cli);
        const instance = await server.instance(options.instance);
        const trace = await traceOf(server.api, { instance, messageId });
        cli.out.document(trace, (page) => {
          page.fields({
            message: trace.messageId,
            phone: trace.phone,
            status: trace.status,
            "queue state": trace.queue?.state,
            attempts: trace.queue?.attempts,
            "last error": trace.queue?.lastError,
          });
          page.table(
            ["AT", "STATUS", "PARTICIPANT", "DETAIL"],
            trace.steps.map(({ at, status, participant, detail }) => [clockTime(at), status, participant, detail]),
          );
        });
      }),
    );
};
