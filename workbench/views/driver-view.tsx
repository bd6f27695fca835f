/** The driver: what it can do, in its order, and a record of what came of it. */

import { useKeys } from '../../inspector/page/keys.ts';
import type { ViewProps } from '../../inspector/page/view-props.ts';
import { STEPS } from '../actions/steps.ts';
import { send } from '../actions/traffic.ts';
import type { Workbench } from '../workbench.ts';
import { BreakList } from './break-list.tsx';
import { DeviceChoice } from './device-choice.tsx';
import { LastDone, Record } from './record.tsx';
import { RegisterPanel } from './register-panel.tsx';
import { StepList } from './step-list.tsx';
import { TrafficList } from './traffic-list.tsx';
import { useWorkbench } from './use-workbench.ts';

/** The view. */
export function DriverView({ workbench, select }: Pick<ViewProps, 'select'> & { readonly workbench: Workbench }) {
  useWorkbench(workbench);
  const reset = STEPS.find(({ key }) => key === 'reset');
  useKeys('Driver', [
    { keys: ['Enter'], doc: 'take the next step', run: () => void workbench.step() },
    { keys: ['A'], doc: 'take all steps that are left', run: () => void workbench.bringUp() },
    { keys: ['S'], doc: 'send the message', run: () => void workbench.withDraft(send) },
    { keys: ['R'], doc: 'reset the device', run: () => void (reset && workbench.do(reset)) },
    { keys: ['N'], doc: 'start anew with another device of the kind', run: () => workbench.startAnew() },
  ]);
  return (
    <div class="bench">
      <div class="bench-controls">
        <DeviceChoice workbench={workbench} />
        <StepList workbench={workbench} />
        <TrafficList workbench={workbench} onWrite={() => select({ view: 'compose' })} />
        <BreakList workbench={workbench} />
        <RegisterPanel workbench={workbench} />
      </div>
      <LastDone workbench={workbench} />
      <Record workbench={workbench} onEvent={(event) => select({ event })} />
    </div>
  );
}
