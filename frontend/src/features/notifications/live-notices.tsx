import { useRef } from "react";
import { useText } from "~/i18n/text";
import type { Frame } from "~/live/live-socket";
import { useFrames } from "~/live/live-state";
import { useToasts } from "~/ui/toasts";

/** Tells in a corner what rules tell by WebSocket, once each. */
export function LiveNotices() {
  const t = useText();
  const { tell } = useToasts();
  const told = useRef(new Set<unknown>());
  useFrames((frames) => {
    for (const frame of frames) {
      if (frame.type !== "notification" || told.current.has(frame.data.id)) continue;
      told.current.add(frame.data.id);
      tell(`${t(`notifications.kind.${String(frame.data.type)}`)}: ${subjectOf(frame)}`);
    }
  });
  return null;
}

function subjectOf({ job_id, data }: Frame): string {
  return job_id ? `#${job_id}` : String(data.title);
}
