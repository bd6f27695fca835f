/** The bus: which functions there are and where their ranges lie. */
import type { ViewProps } from '../../page/view-props.ts';

/** The view. */
export function BusView({ model }: ViewProps) {
  const functions = model.description?.functions ?? [];
  return (
    <table class="data">
      <thead>
        <tr>
          <th scope="col">Place</th>
          <th scope="col">Function</th>
        </tr>
      </thead>
      <tbody>
        {functions.map(({ slot, function: number, name }) => (
          <tr key={`${slot}.${number}`}>
            <td>{`00:${slot.toString(16).padStart(2, '0')}.${number}`}</td>
            <td>{name}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
