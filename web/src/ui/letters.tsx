/** More names than this do not fit beside each other. */
const MOST = 16

/** Names of the columns of a square picture, such as tokens, above it; the rows have the same. Its room is kept where there are too many. */
export function Letters({
  labels,
  answerFrom = labels.length,
}: {
  readonly labels: readonly string[]
  /** From this one on they are the model's own. */
  readonly answerFrom?: number
}) {
  return (
    <div class="letters" aria-hidden="true">
      {labels.length > MOST
        ? null
        : labels.map((label, i) => (
            <span key={i} class={i < answerFrom ? undefined : 'letters-answer'}>
              {label}
            </span>
          ))}
    </div>
  )
}
