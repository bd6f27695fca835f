/** The head over columns of `summary`. */
export const SUMMARY_HEAD = ['median', 'least', 'most'].map((head) => head.padStart(8)).join(' ');

/** Median, least and most of some values, each 8 wide; `digits` behind the point. */
export function summary(values, digits = 0) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.floor((sorted.length - 1) * part)].toFixed(digits).padStart(8);
  return `${at(0.5)} ${at(0)} ${at(1)}`;
}
