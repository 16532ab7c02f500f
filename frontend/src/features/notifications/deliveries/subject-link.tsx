import { Link } from "@tanstack/react-router";
import type { Delivery } from "./delivery-queries";

const PLACES: Record<string, string> = { job: "/jobs", run: "/runs" };

/** What a message is about, with a way to it; nothing where it is about neither a job nor a run. */
export function SubjectLink({ subject, id }: { subject: Delivery["subject"]; id: number }) {
  const place = PLACES[subject];
  if (place === undefined || id === 0) return <span className="muted">–</span>;
  return <Link to={`${place}/${id}`}>{`#${id}`}</Link>;
}
