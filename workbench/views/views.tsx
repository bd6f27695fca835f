/** The views that only the workbench has. */
import type { ViewProps } from '../../inspector/page/view-props.ts';
import type { ViewRow } from '../../inspector/page/views.ts';
import type { Workbench } from '../workbench.ts';
import { DriverView } from './driver-view.tsx';
import { MemoryView } from './memory-view.tsx';
import { NinepView } from './ninep-view.tsx';

/** Them, of one workbench. */
export function workbenchViews(workbench: Workbench): readonly ViewRow[] {
  return [
    {
      key: 'driver',
      title: 'Driver',
      shortcut: '1',
      doc: 'What a driver does, in its order, and what comes of it.',
      component: ({ select }: ViewProps) => <DriverView workbench={workbench} select={select} />,
    },
    {
      key: 'memory',
      title: 'Memory',
      shortcut: '2',
      doc: 'Guest RAM and the rings in it.',
      component: () => <MemoryView workbench={workbench} />,
    },
    {
      key: 'compose',
      title: '9P',
      shortcut: '3',
      doc: 'A 9P message put together and sent.',
      component: () => <NinepView workbench={workbench} />,
    },
  ];
}
