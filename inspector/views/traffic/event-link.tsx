/** A number of an event, which leads there. */
import type { EventId } from '../../../devices/events.ts';
import type { ViewProps } from '../../page/view-props.ts';

export interface EventLinkProps {
  readonly event: EventId | undefined;
  readonly select: ViewProps['select'];
  /** What it is, before the number. */
  readonly what?: string;
  /** The view to show it in; the same one unless given. */
  readonly view?: string;
}

/** The link; nothing where there is no event. */
export function EventLink({ event, select, what, view }: EventLinkProps) {
  if (event === undefined) return null;
  return (
    <button
      type="button"
      class="link number"
      onClick={(click) => {
        click.stopPropagation();
        select({ event, ...(view !== undefined && { view }) });
      }}
    >
      {what !== undefined && `${what} `}#{event}
    </button>
  );
}
