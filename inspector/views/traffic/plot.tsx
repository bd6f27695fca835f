/** A plot of uPlot's in the colours of the page, as wide as there is room. */
import { useEffect, useRef, useState } from 'preact/hooks';
import uPlot from 'uplot';

/** Colours of the page a plot can use. */
export type PlotColour = 'text' | 'quiet' | 'line' | 'accent' | 'warm' | 'bad' | 'good';
const COLOURS: readonly PlotColour[] = ['text', 'quiet', 'line', 'accent', 'warm', 'bad', 'good'];

/** Says what a colour of the page is now, light or dark. */
export type ColourOf = (colour: PlotColour) => string;

/** What is plotted and how, but for size and colours of axes. */
export type PlotChoice = (colourOf: ColourOf) => Pick<uPlot.Options, 'series' | 'scales' | 'axes' | 'bands' | 'hooks'>;

export interface PlotProps {
  /** What it shows, in words, for those who cannot see it. */
  readonly label: string;
  readonly height: number;
  readonly data: uPlot.AlignedData;
  /** Another plot is made where this changes. */
  readonly choice: PlotChoice;
  readonly legend: boolean;
}

/** The plot. */
export function Plot({ label, height, data, choice, legend }: PlotProps) {
  const box = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | undefined>(undefined);
  const looks = useLooks();
  useEffect(() => {
    const element = box.current;
    if (element === null) return;
    const colourOf: ColourOf = (colour) => {
      const sample = element.querySelector(`[data-colour="${colour}"]`);
      return sample === null ? '' : getComputedStyle(sample).color;
    };
    const { axes = [], ...rest } = choice(colourOf);
    const font = `11px ${getComputedStyle(element).fontFamily}`;
    const grid = { stroke: () => colourOf('line'), width: 1 };
    const made = new uPlot(
      {
        ...rest,
        width: element.clientWidth,
        height,
        legend: { show: legend, live: true },
        cursor: { drag: { x: false, y: false }, points: { show: false } },
        axes: axes.map((axis) => ({
          ...axis,
          stroke: () => colourOf('quiet'),
          font,
          grid: { ...grid, ...axis.grid },
          ticks: { ...grid, size: 4 },
        })),
      },
      data,
      element,
    );
    plot.current = made;
    const resized = new ResizeObserver(() => made.setSize({ width: element.clientWidth, height }));
    resized.observe(element);
    return () => {
      resized.disconnect();
      made.destroy();
      plot.current = undefined;
    };
  }, [choice, height, legend, looks]);
  useEffect(() => plot.current?.setData(data), [data]);
  return (
    <div class="plot" role="img" aria-label={label} ref={box}>
      {COLOURS.map((colour) => (
        <span key={colour} hidden data-colour={colour} />
      ))}
    </div>
  );
}

/** How often the page changed between light and dark: a plot keeps colours it has drawn with, so another one is made then. */
function useLooks(): number {
  const [looks, setLooks] = useState(0);
  useEffect(() => {
    const changed = () => setLooks((before) => before + 1);
    const dark = matchMedia('(prefers-color-scheme: dark)');
    dark.addEventListener('change', changed);
    const themed = new MutationObserver(changed);
    themed.observe(document.documentElement, { attributes: true, attributeFilter: ['data-theme'] });
    return () => {
      themed.disconnect();
      dark.removeEventListener('change', changed);
    };
  }, []);
  return looks;
}
