/**
 * What a vCPU is doing.
 *
 * - `created`: no thread yet
 * - `running`: its thread is inside the guest, or about to be
 * - `exited`: the guest left with an exit that waits for `resume()`
 * - `pausing`: still running, `pause()` was called
 * - `exited-pausing`: an exit waits for its answer, and after it the vCPU pauses
 * - `paused`: the thread waits for `resume()`
 * - `stopping`: the thread is ending
 * - `stopped`: the thread has ended; registers can still be read
 * - `closed`: nothing is left
 */
export type VcpuState =
  | 'created'
  | 'running'
  | 'exited'
  | 'pausing'
  | 'exited-pausing'
  | 'paused'
  | 'stopping'
  | 'stopped'
  | 'closed';

/** What moves a vCPU: methods called (`start`, `resume`, `pause`, `stop`, `close`) and news of its thread (`left`, `parked`, `ended`). */
export type VcpuMove = 'start' | 'resume' | 'pause' | 'stop' | 'close' | 'left' | 'parked' | 'ended';

/** Every legal move; what is not in the table is refused. */
const transitions: Readonly<Record<VcpuState, Readonly<Partial<Record<VcpuMove, VcpuState>>>>> = {
  created: { start: 'running', stop: 'stopped', close: 'closed' },
  running: { left: 'exited', pause: 'pausing', stop: 'stopping', close: 'closed' },
  exited: { resume: 'running', pause: 'exited-pausing', stop: 'stopping', close: 'closed' },
  pausing: { left: 'exited-pausing', parked: 'paused', pause: 'pausing', stop: 'stopping', close: 'closed' },
  'exited-pausing': { resume: 'pausing', pause: 'exited-pausing', stop: 'stopping', close: 'closed' },
  paused: { resume: 'running', pause: 'paused', stop: 'stopping', close: 'closed' },
  stopping: { ended: 'stopped', stop: 'stopping', pause: 'stopping', close: 'closed' },
  stopped: { stop: 'stopped', pause: 'stopped', close: 'closed' },
  closed: { stop: 'closed', close: 'closed' },
};

/** Where `move` leads from `state`; undefined where it is not legal. */
export function nextState(state: VcpuState, move: VcpuMove): VcpuState | undefined {
  return transitions[state][move];
}

/** True where the thread is not inside KVM_RUN, so ioctls on the vCPU answer at once. */
export const answersIoctls: Readonly<Record<VcpuState, boolean>> = {
  created: true,
  running: false,
  exited: true,
  pausing: false,
  'exited-pausing': true,
  paused: true,
  stopping: false,
  stopped: true,
  closed: false,
};

/** What to do where the state does not allow an operation. */
export const remedies: Readonly<Record<VcpuState, string>> = {
  created: 'call start() first',
  running: 'await pause() or stop() first, or do it in the exit handler before resume()',
  exited: 'answer the exit with resume() first',
  pausing: 'await the promise pause() returned first',
  'exited-pausing': 'answer the exit with resume() first',
  paused: 'call resume() first',
  stopping: 'await the promise stop() returned first',
  stopped: 'a stopped vCPU does not start again; create another VM',
  closed: 'create another vCPU',
};
