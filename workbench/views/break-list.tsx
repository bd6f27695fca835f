/** Rules to break. */
import { type Break, unbreakable } from '../actions/break.ts';
import { BREAKS } from '../actions/breaks.ts';
import type { Workbench } from '../workbench.ts';

const GROUPS = [...new Set(BREAKS.map(({ group }) => group))];

/** Each a button: the device is reset and brought as far as the rule needs before. */
export function BreakList({ workbench }: { readonly workbench: Workbench }) {
  return (
    <section class="group" aria-label="Break it">
      <h2>Break it</h2>
      <p class="quiet">
        Resets the device, brings it as far as is needed, and breaks one rule. There is no undo: a device forgets by a
        reset.
      </p>
      {GROUPS.map((group) => (
        <div key={group}>
          <h3>{group}</h3>
          <ul class="breaks">
            {BREAKS.filter((rule) => rule.group === group).map((rule) => (
              <BreakButton key={rule.key} rule={rule} workbench={workbench} />
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

function BreakButton({ rule, workbench }: { readonly rule: Break; readonly workbench: Workbench }) {
  const cannot = unbreakable(rule, workbench.bench);
  return (
    <li>
      <button
        type="button"
        name={`break-${rule.key}`}
        title={cannot === undefined ? `${rule.doc} ${rule.spec}` : `Not with this device: ${cannot}.`}
        disabled={cannot !== undefined}
        onClick={() => void workbench.breakRule(rule)}
      >
        {rule.title}
      </button>
    </li>
  );
}
