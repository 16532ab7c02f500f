import { compileMessage } from "@lingui/message-utils/compileMessage";
import type { Plugin } from "vite";

const MESSAGES = /\/messages\/[a-z]{2}\.json$/;

/**
 * Compiles messages while the console is built, so that no browser has to parse them and none needs `eval`.
 */
export function compiledMessages(): Plugin {
  return {
    name: "satellite-compiled-messages",
    enforce: "pre",
    transform(text, id) {
      if (!MESSAGES.test(id)) return null;
      const messages = Object.entries(JSON.parse(text) as Record<string, string>);
      const compiled = Object.fromEntries(messages.map(([key, message]) => [key, compileMessage(message)]));
      return { code: `export default ${JSON.stringify(compiled)};`, moduleType: "js", map: null };
    },
  };
}
