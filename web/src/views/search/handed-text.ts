/** The way in for a text that is dropped beside the view. */
import { address } from './address.js'
import type { SourceText } from './corpus-bytes.js'
import { ownText } from './searches.js'

export { textOfFile } from './text-of-file.js'

/** Makes it the text of the next search. */
export function takeText(text: SourceText): void {
  address.values.text.value = 'own'
  ownText.value = text
}
