"""What the browser itself measures: how long each frame took, and when something was painted."""

from __future__ import annotations

from typing import Final

GAPS: Final = """(forMs) => new Promise((done) => {
  const gaps = [];
  const began = performance.now();
  let last = began;
  const step = () => {
    const now = performance.now();
    gaps.push(now - last);
    last = now;
    if (now - began < forMs) requestAnimationFrame(step); else done(gaps);
  };
  requestAnimationFrame(step);
})"""
"""The milliseconds between frames, for so long."""

PAN: Final = """async (forMs) => {
  const canvas = document.querySelector('svg[role=group]');
  const { left, top, width, height } = canvas.getBoundingClientRect();
  const at = (type, x, y) => canvas.dispatchEvent(new PointerEvent(type, {
    bubbles: true, button: 0, pointerId: 1, clientX: left + width / 2 + x, clientY: top + height / 2 + y }));
  // There is no pointer that could be captured.
  canvas.setPointerCapture = () => {};
  at('pointerdown', 0, 0);
  const gaps = [];
  const began = performance.now();
  let last = began;
  await new Promise((done) => {
    const step = () => {
      const now = performance.now();
      gaps.push(now - last);
      last = now;
      at('pointermove', 300 * Math.sin((now - began) / 300), 200 * Math.cos((now - began) / 400));
      if (now - began < forMs) requestAnimationFrame(step); else done();
    };
    requestAnimationFrame(step);
  });
  at('pointerup', 0, 0);
  return gaps;
}"""
"""The same while a graph is moved."""

FIRST_LINE: Final = """
const look = () => {
  const all = performance.getEntriesByType('resource');
  const text = all.find(({ name }) => /[/]jobs[/][0-9]+[/]logs/.test(name));
  if (text && document.querySelector('[role=log] span')) {
    requestAnimationFrame(() => { window.firstLineMs = performance.now() - text.responseEnd; });
  } else requestAnimationFrame(look);
};
requestAnimationFrame(look);
"""
"""From when the text of a log has come to the frame after its first line was there."""
