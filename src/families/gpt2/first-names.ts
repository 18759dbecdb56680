/** Hugging Face's names of what a pruned GPT-2 may keep dense, under which versions 1 and 2 of the ticket format hold it. */
const names: readonly (readonly [stored: RegExp, parameter: RegExp])[] = [
  [/^transformer\.(w[tp]e)\.weight$/, /^(w[tp]e)$/],
  [/^transformer\.((?:h\.\d+\.ln_[12]|ln_f)\.(?:weight|bias))$/, /^((?:h\.\d+\.ln_[12]|ln_f)\.(?:weight|bias))$/],
]

/** The parameter that a dense tensor of a pruned GPT-2 of version 1 or 2 holds. */
export function parameterOfFirst(stored: string): string {
  for (const [pattern] of names) if (pattern.test(stored)) return stored.replace(pattern, '$1')
  return stored
}

/** The opposite of {@link parameterOfFirst}. */
export function firstName(parameter: string): string {
  if (names[0][1].test(parameter)) return `transformer.${parameter}.weight`
  return names[1][1].test(parameter) ? `transformer.${parameter}` : parameter
}
