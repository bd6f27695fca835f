import { describe, expect, test } from '@jest/globals';
import { chart } from './chart.ts';
import { BARE, PEER, type Row } from './results.ts';

const spread = (median: number) => ({ median, least: median * 0.9, most: median * 1.1 });
const row = (title: string, toPeer: number, limit?: number): Row => ({
  ...{ name: title, title, unit: 'us', lessIsBetter: true },
  columns: {
    tsvmm: { figure: spread(10), runs: [10], toPeer: spread(toPeer) },
    'tsvmm poll-us=0': { figure: spread(10), runs: [10], toPeer: spread(toPeer / 2) },
    [PEER]: { figure: spread(40), runs: [40], ...(limit !== undefined && { toLimit: spread(limit) }) },
    ...(limit !== undefined && { [BARE]: { figure: spread(1), runs: [1] } }),
  },
});

/** Numbers of an attribute, in the order of the elements. */
const numbers = (svg: string, pattern: RegExp) => [...svg.matchAll(pattern)].map((match) => Number(match[1]));

describe('the chart', () => {
  const svg = chart('A & B', 'on <this> host', [row('getattr', 4, 0.1), row('boot', 0.5)]);

  test('is one well-formed svg element, with text escaped', () => {
    expect(svg.startsWith('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 860 ')).toBe(true);
    expect(svg.trimEnd().endsWith('</svg>')).toBe(true);
    expect(svg).toContain('A &amp; B');
    expect(svg).toContain('on &lt;this&gt; host');
    const open = [...svg.matchAll(/<(\w+)(?: [^>]*[^/])?>/g)].map((match) => match[1]);
    const closed = [...svg.matchAll(/<\/(\w+)>/g)].map((match) => match[1]);
    expect(open.sort()).toEqual(closed.sort());
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
  });

  test('draws a bar for each figure from the line of QEMU on, as long as the ratio on a scale of doublings', () => {
    const bars = [...svg.matchAll(/<rect x="([\d.]+)" y="[\d.]+" width="([\d.]+)" height="12"/g)];
    const [fast, variant, slow] = bars.map((match) => ({ x: Number(match[1]), width: Number(match[2]) }));
    expect(bars).toHaveLength(4);
    const [qemu] = numbers(svg, /<line x1="([\d.]+)"[^>]*stroke-width="1.5"/g);
    expect(fast?.x).toBe(qemu);
    expect(variant?.x).toBe(qemu);
    // 4 is two doublings, 2 one, and 0.5 one the other way.
    expect((fast?.width ?? 0) / (variant?.width ?? 1)).toBeCloseTo(2, 1);
    expect((slow?.x ?? 0) + (slow?.width ?? 0)).toBeCloseTo(qemu ?? 0, 0);
    expect(slow?.width).toBeCloseTo(variant?.width ?? 0, 0);
  });

  test('marks the bare system calls where QEMU has a tenth of their speed: at 10', () => {
    const [limit] = numbers(svg, /<line x1="([\d.]+)"[^>]*stroke="#b22222"/g);
    const marks = numbers(svg, /<line x1="([\d.]+)"[^>]*stroke="(?:#cccccc|#222222" stroke-width="1.5)"/g);
    const [one, two] = [marks[marks.length - 5], marks[marks.length - 4]];
    expect(limit).toBeGreaterThan((one ?? 0) + 3.2 * ((two ?? 0) - (one ?? 0)));
    expect(limit).toBeLessThan((one ?? 0) + 3.4 * ((two ?? 0) - (one ?? 0)));
  });

  test('refuses to draw nothing', () => {
    expect(() => chart('', '', [])).toThrow('nothing was compared with QEMU');
  });
});
