/** Shells with a completion script. */
export const shells = ["bash", "zsh", "fish"] as const;

/** One of them. */
export type Shell = (typeof shells)[number];

/**
 * The script that offers what may follow: for each path of commands (`""`, `queue`, `queue list`) its words. It needs
 * no start of the program at every key.
 */
export function completionScript(shell: Shell, words: ReadonlyMap<string, readonly string[]>): string {
  const paths = [...words.keys()].filter((path) => path !== "");
  const cases = [...words].map(([path, following]) => `    "${path}") words="${following.join(" ")}" ;;`).join("\n");
  switch (shell) {
    case "bash":
      return bash(cases, paths);
    case "zsh":
      return `#compdef wazapi\nautoload -U +X bashcompinit && bashcompinit\n${bash(cases, paths)}`;
    case "fish":
      return fish(words);
  }
}

function bash(cases: string, paths: readonly string[]): string {
  return `_wazapi() {
  local current="\${COMP_WORDS[COMP_CWORD]}" path="" word next words=""
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do
    next="\${path:+$path }$word"
    case "|${paths.join("|")}|" in *"|$next|"*) path="$next" ;; esac
  done
  case "$path" in
${cases}
  esac
  COMPREPLY=($(compgen -W "$words" -- "$current"))
}
complete -o default -F _wazapi wazapi
`;
}

function fish(words: ReadonlyMap<string, readonly string[]>): string {
  const lines = [...words].flatMap(([path, following]) => {
    const names = path === "" ? [] : path.split(" ");
    const seen = names.map((name) => `__fish_seen_subcommand_from ${name}`).join("; and ");
    const children = following.filter((word) => !word.startsWith("--"));
    const none = children.length === 0 ? "" : `not __fish_seen_subcommand_from ${children.join(" ")}`;
    const condition = [seen, none].filter((part) => part !== "").join("; and ");
    return following.map((word) => {
      const what = word.startsWith("--") ? `-l ${word.slice(2)}` : `-f -a ${word}`;
      return `complete -c wazapi -n '${condition === "" ? "true" : condition}' ${what}`;
    });
  });
  return `${lines.join("\n")}\n`;
}
