import { byteTokenizer } from './byte-tokenizer.js'
import { type Tokenizer, tokenizerNames } from './tokenizer.js'

/**
 * A tokenizer by name. GPT-2's vocabulary (0.6 MB) is loaded when it is first asked for.
 * @throws RangeError for an unknown name
 */
export async function loadTokenizer(name: string): Promise<Tokenizer> {
  if (name === 'bytes') return byteTokenizer
  if (name === 'gpt2') return (await import('./gpt2-tokenizer.js')).loadGpt2Tokenizer()
  throw new RangeError(`"tokenizer" expected ${tokenizerNames.join(' or ')}, got ${JSON.stringify(name)}`)
}
