import { checkToken, oneStep, type Tokenizer } from './tokenizer.js'

/** One token a byte: any file is a text, and a text is as long as its file. */
export const byteTokenizer: Tokenizer = {
  name: 'bytes',
  vocabulary: 256,
  documentEnd: 0, // no text file holds a zero byte
  endToken: null,
  byteLengths: new Uint8Array(256).fill(1),
  encode: (text) => Uint16Array.from(typeof text === 'string' ? new TextEncoder().encode(text) : text),
  createEncoder: () => ({
    push: (bytes, take) => oneStep(() => take(Uint16Array.from(bytes))),
    end: () => oneStep(() => 0),
  }),
  decode(tokens) {
    for (let i = 0; i < tokens.length; i++) checkToken(tokens[i], 256)
    return Uint8Array.from(tokens)
  },
}
