/** What is said where a text is longer than a model's context: of learned positions there are no more, and nothing is padded. */

const n = (value: number): string => value.toLocaleString('en-US')

/** Of a prompt that does not fit; null for one that does. */
export const longPrompt = (length: number, positions: number): string | null =>
  length <= positions
    ? null
    : `note: the prompt has ${n(length)} tokens; the model reads the last ${n(positions)} of them, its context`

/** Of tokens that were added when the context was full already. */
export const beyondContext = (beyond: number, added: number, positions: number): string =>
  `note: ${n(beyond)} of the ${n(added)} tokens lie beyond the context of ${n(positions)}; there the model goes on from the last half of the text that it has read`
