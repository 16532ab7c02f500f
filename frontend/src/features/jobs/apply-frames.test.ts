import { expect, test } from "vitest";
import type { Frame } from "~/live/live-socket";
import { applyFrame, applyFrames, tellOfOthers, withNews } from "./apply-frames";
import type { Job } from "./job-queries";

const job = { id: 1, status: "queued", attempt: 0, progress: null, started_at: null, completed_at: null, worker: null } as Job;

function frame(type: Frame["type"], data: Frame["data"], job_id = 1): Frame {
  return { cursor: "0-0:1", subject: "job", job_id, type, data, at: "2026-01-02T03:04:05Z" };
}

const started = frame("status", { status: "processing", attempt: 1, worker: "gpu-1" });

test("a job that starts has a worker and a time", () => {
  expect(applyFrame(job, started)).toMatchObject({ status: "processing", attempt: 1, worker: "gpu-1", started_at: started.at });
});

test("progress of an attempt that is over changes nothing", () => {
  const running = applyFrame(job, started);
  expect(applyFrame(running, frame("progress", { attempt: 1, fraction: 0.5, message: "half" }))).toMatchObject({ progress: 0.5, progressMessage: "half" });
  expect(applyFrame(running, frame("progress", { attempt: 0, fraction: 0.9 }))).toBe(running);
  expect(applyFrame(job, frame("progress", { attempt: 0, fraction: 0.9 }))).toBe(job);
});

test("another attempt forgets how far the last one was", () => {
  const running = { ...applyFrame(job, started), progress: 0.9, timings: {} } as Job;
  expect(applyFrame(running, frame("status", { status: "queued", attempt: 1 }))).toMatchObject({ progress: null, timings: null });
});

test("a result ends a job", () => {
  const error = { kind: "exit", message: "The plugin ended with exit code 1." };
  expect(applyFrame(job, frame("result", { status: "failed", error }))).toMatchObject({ status: "failed", error, error_message: error.message, completed_at: started.at });
});

test("jobs that no frame is about stay the same objects", () => {
  const other = { ...job, id: 2 };
  const jobs = [job, other];
  const next = applyFrames(jobs, [started]);
  expect(next[1]).toBe(other);
  expect(next[0]).not.toBe(job);
  expect(applyFrames(jobs, [frame("log", { lines: ["a"] })])).toBe(jobs);
});

test("a job that the list has not got may enter it, a run may not", () => {
  expect(tellOfOthers([job], [frame("status", { status: "queued" }, 2)])).toBe(true);
  expect(tellOfOthers([job], [started, frame("progress", { fraction: 1 }, 2)])).toBe(false);
  expect(tellOfOthers([job], [{ ...frame("status", { status: "queued" }, 2), subject: "run" }])).toBe(false);
});

test("what was asked for does not undo the progress that frames have told since", () => {
  const running = applyFrame(job, started);
  const told = applyFrame(running, frame("progress", { attempt: 1, fraction: 0.5, message: "half" }));
  expect(withNews(running, told)).toMatchObject({ progress: 0.5, progressMessage: "half" });
  expect(withNews({ ...running, attempt: 2 }, told).progress).toBeNull();
  expect(withNews({ ...running, status: "completed", progress: 1 }, told).progress).toBe(1);
  expect(withNews(running, undefined)).toBe(running);
});
