/** Which device is plugged in. */
import { WAYS } from '../rig/ways.ts';
import type { Workbench } from '../workbench.ts';

/** Choosing another one starts anew. */
export function DeviceChoice({ workbench }: { readonly workbench: Workbench }) {
  const { choice, way, seen } = workbench.bench;
  return (
    <section class="group" aria-label="Device">
      <h2>Device</h2>
      <div class="line">
        <label>
          <span class="quiet">by</span>{' '}
          <select
            name="way"
            value={choice.way}
            onChange={({ currentTarget }) => workbench.startAnew({ ...choice, way: currentTarget.value })}
          >
            {WAYS.map(({ key, title, doc }) => (
              <option key={key} value={key} title={doc}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <label>
          <input
            type="checkbox"
            name="packed"
            checked={choice.packed && !way.legacy}
            disabled={way.legacy}
            onChange={({ currentTarget }) => workbench.startAnew({ ...choice, packed: currentTarget.checked })}
          />{' '}
          packed rings
        </label>
        <button type="button" title="N" onClick={() => workbench.startAnew()}>
          Start anew
        </button>
      </div>
      <p class="quiet">
        {way.doc} <cite>{way.spec}</cite>
      </p>
      <p>
        Status <code>0x{seen.status.toString(16).padStart(2, '0')}</code>{' '}
        <b class={STATE_CLASS[seen.state] ?? ''}>{seen.state}</b>
        {seen.interrupts > 0 && <span class="quiet">, {seen.interrupts} interrupts not looked at</span>}
      </p>
    </section>
  );
}

const STATE_CLASS: Readonly<Record<string, string>> = { running: 'good', 'needs-reset': 'bad', failed: 'bad' };
