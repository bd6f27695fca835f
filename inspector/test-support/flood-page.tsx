/**
 * A page of the inspector's over a machine that does not exist: it serves requests without end, as fast as it is told to.
 * The test says how fast, and looks at how the page keeps up.
 */
import { render } from 'preact';
import type { Inspected, InspectedListener } from '../inspected.ts';
import { emptyModel } from '../model/machine-model.ts';
import { LEAST_PAUSE_MS } from '../page/follower.ts';
import { Shell } from '../page/shell.tsx';
import { showTheme } from '../page/theme.ts';
import { type Flood, floodEvents } from './flood-events.ts';

declare global {
  interface Window {
    flood: Flood;
  }
}

const source = floodEvents();
let listener: InspectedListener | undefined;

const inspected: Inspected = {
  kind: 'machine',
  header: { program: 'test', started: 0 },
  listen(to) {
    listener = to;
    to.restarted(emptyModel());
    to.events(source.beginning());
    return () => {
      listener = undefined;
    };
  },
};

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));
const turn = () => new Promise((resolve) => setTimeout(resolve));

window.flood = {
  async pour(requests) {
    let told = 0;
    for (let left = requests; left > 0; left -= 100) {
      const events = source.requests(Math.min(100, left));
      listener?.events(events);
      told += events.length;
      await turn();
    }
    return told;
  },
  async run(eventsPerSecond, seconds) {
    const frames: number[] = [];
    let going = true;
    let last = performance.now();
    const frame = (now: number) => {
      frames.push(now - last);
      last = now;
      if (going) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
    const started = performance.now();
    for (let told = 0; ; ) {
      const elapsed = (performance.now() - started) / 1000;
      if (elapsed > seconds) break;
      while (told < elapsed * eventsPerSecond) {
        const events = source.requests(1);
        listener?.events(events);
        told += events.length;
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    going = false;
    return frames.slice(1);
  },
  async drawn() {
    // The page's own timer and frame were asked for before these.
    await new Promise((resolve) => setTimeout(resolve, LEAST_PAUSE_MS));
    await nextFrame();
    await nextFrame();
  },
};

showTheme('system');
render(<Shell inspected={inspected} />, document.body);
