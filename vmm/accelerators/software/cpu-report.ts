import type { CoreState } from './core-state.ts';
import { REGISTER_NAMES, SEGMENT_NAMES } from './core-state.ts';

/** The state of the CPU for people: general registers, control registers, segments. */
export function cpuReport(state: CoreState): string {
  const word = (value: number) => (value >>> 0).toString(16).padStart(8, '0');
  const general = REGISTER_NAMES.map((name, index) => `${name} ${word(state.get('reg32', index))}`);
  const lines = [
    'cpu 0',
    `eip ${word(state.get('instruction_pointer') - state.get('segment_offsets', 1))}  eflags ${word(state.get('flags'))}  cpl ${state.get('cpl')}`,
    general.slice(0, 4).join('  '),
    general.slice(4).join('  '),
    [0, 2, 3, 4].map((index) => `cr${index} ${word(state.get('cr', index))}`).join('  '),
  ];
  for (const [index, name] of SEGMENT_NAMES.entries()) {
    const selector = state.get('sreg', index).toString(16).padStart(4, '0');
    lines.push(
      `${name}  selector ${selector}  base ${word(state.get('segment_offsets', index))}  limit ${word(state.get('segment_limits', index))}`,
    );
  }
  return lines.join('\n');
}
