import type { ComponentChildren } from 'preact'

/** Which of the five colours of a series; 1 and 2 are blue and orange, the safest pair. */
export type Colour = 1 | 2 | 3 | 4 | 5

/** One line of a legend. */
export interface LegendEntry {
  readonly label: string
  readonly colour: Colour
  readonly mark?: 'line' | 'fit' | 'points' | 'rings' | 'kept' | 'dropped'
}

/** A picture with its title, its legend, and a caption that says what is seen and in which unit. */
export function Figure({
  title,
  caption,
  legend = [],
  children,
}: {
  readonly title: string
  readonly caption?: ComponentChildren
  readonly legend?: readonly LegendEntry[]
  readonly children: ComponentChildren
}) {
  return (
    <figure class="figure">
      <h3>{title}</h3>
      {legend.length > 0 ? (
        <ul class="legend">
          {legend.map(({ label, colour, mark = 'line' }) => (
            <li key={label}>
              <Mark colour={colour} mark={mark} />
              {label}
            </li>
          ))}
        </ul>
      ) : null}
      {children}
      {caption === undefined ? null : <figcaption>{caption}</figcaption>}
    </figure>
  )
}

function Mark({ colour, mark }: { readonly colour: Colour; readonly mark: NonNullable<LegendEntry['mark']> }) {
  return (
    <svg
      width="22"
      height="12"
      aria-hidden="true"
      class={`series series-${colour}${mark === 'fit' || mark === 'rings' ? ` series-${mark}` : ''}`}
    >
      {mark === 'points' || mark === 'rings' ? (
        <circle cx="11" cy="6" r="4" />
      ) : mark === 'kept' || mark === 'dropped' ? (
        <rect x="5.500" y="0.500" width="11" height="11" class={`bar-${mark}`} />
      ) : (
        <line x1="1" y1="6" x2="21" y2="6" />
      )}
    </svg>
  )
}
