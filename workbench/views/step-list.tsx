/** The steps of initialisation. */

import { maskOf } from '../../devices/virtio/feature-table.ts';
import { featuresIn } from '../../devices/virtio/feature-words.ts';
import { appliesTo, nextStep, STEPS } from '../actions/steps.ts';
import { DEVICE_ID } from '../device.ts';
import type { Workbench } from '../workbench.ts';

/** Each with a button; those done are marked, the next one shows what it is for. */
export function StepList({ workbench }: { readonly workbench: Workbench }) {
  const { bench } = workbench;
  const next = nextStep(bench);
  return (
    <section class="group" aria-label="Initialisation">
      <h2>
        Initialisation <cite>virtio 1.2 §3.1.1</cite>
      </h2>
      <ol class="steps">
        {STEPS.filter((step) => appliesTo(step, bench)).map((step) => (
          <li key={step.key} class={step === next ? 'next' : step.isDone(bench) ? 'taken' : ''}>
            <button type="button" name={step.key} title={step.doc} onClick={() => void workbench.do(step)}>
              <span class="mark" aria-hidden="true">
                {step.isDone(bench) ? '✓' : step === next ? '›' : ''}
              </span>
              {step.title}
            </button>
            {step === next && (
              <p class="quiet">
                {step.doc} <cite>{step.spec}</cite>
              </p>
            )}
            {step.key === 'features' && <FeatureChoice workbench={workbench} />}
          </li>
        ))}
      </ol>
      <div class="line">
        <button
          type="button"
          name="next"
          title="Enter"
          disabled={next === undefined}
          onClick={() => void workbench.step()}
        >
          Next step <kbd>Enter</kbd>
        </button>
        <button
          type="button"
          name="all"
          title="A"
          disabled={next === undefined}
          onClick={() => void workbench.bringUp()}
        >
          All that are left <kbd>A</kbd>
        </button>
      </div>
    </section>
  );
}

/** The features the device offers, once it told: what is ticked is accepted at the next write. */
function FeatureChoice({ workbench }: { readonly workbench: Workbench }) {
  const { bench } = workbench;
  const { offered, wanted } = bench;
  if (offered === undefined) return null;
  return (
    <ul class="features">
      {featuresIn(DEVICE_ID, offered).map((feature) => {
        const mask = maskOf(feature.bit);
        return (
          <li key={feature.bit}>
            <label title={feature.doc}>
              <input type="checkbox" checked={(wanted & mask) !== 0n} onChange={() => workbench.want(wanted ^ mask)} />{' '}
              <code>{feature.name}</code> <span class="quiet">{feature.bit}</span>
            </label>
          </li>
        );
      })}
    </ul>
  );
}
