import { describe, expect, test } from '@jest/globals';
import { nextState, type VcpuMove, type VcpuState } from './vcpu-state.ts';

const path = (...moves: VcpuMove[]): VcpuState | undefined =>
  moves.reduce<VcpuState | undefined>((state, move) => state && nextState(state, move), 'created');

describe('the states of a vCPU', () => {
  test.each<[VcpuState | undefined, VcpuMove[]]>([
    ['running', ['start']],
    ['exited', ['start', 'left']],
    ['running', ['start', 'left', 'resume']],
    ['paused', ['start', 'pause', 'parked']],
    ['exited-pausing', ['start', 'pause', 'left']],
    ['paused', ['start', 'left', 'pause', 'resume', 'parked']],
    ['stopped', ['start', 'left', 'stop', 'ended']],
    ['stopped', ['stop']],
    ['closed', ['start', 'stop', 'close', 'close', 'stop']],
    [undefined, ['resume']],
    [undefined, ['start', 'start']],
    [undefined, ['start', 'resume']],
    [undefined, ['start', 'pause', 'resume']],
    [undefined, ['start', 'left', 'left']],
    [undefined, ['stop', 'start']],
    [undefined, ['close', 'start']],
    [undefined, ['close', 'pause']],
  ])('%p after %p', (expected, moves) => {
    expect(path(...moves)).toBe(expected);
  });
});
