import { expect, test } from 'vitest'
import { loadTokenizer } from '../../src/data/index.js'
import type { BaseConfig } from '../../src/families/config.js'
import { createPlainDecoder } from '../../src/families/generate.js'
import type { RunningModel } from '../../web/src/views/run/running-model.js'
import { type WritingReport, writeText } from '../../web/src/views/run/writing.js'

const config: BaseConfig = { layers: 1, width: 1, heads: 1, inner: 1, positions: 64, vocabulary: 256 }

/** A network that goes on with given letters after a prompt of two, whatever it reads. */
function speaker(letters: string): RunningModel {
  const model: RunningModel['model'] = {
    config,
    hidden: () => Promise.reject(new Error('no encoder')),
    async logits(_, batch, length) {
      const logits = new Float32Array(batch * length * 256)
      for (let t = 1; t < length; t++) logits[t * 256 + (letters.charCodeAt(t - 1) || 0)] = 1
      return logits
    },
  }
  return {
    model,
    decoder: createPlainDecoder(model),
    attention: async (tokens) => [new Float32Array(tokens.length ** 2)],
    release: async () => {},
  }
}

async function written(own: string, other: string | null, count: number) {
  const reports: WritingReport[] = []
  const context = {
    signal: new AbortController().signal,
    report: async (each: WritingReport) => void reports.push(each),
    pause: async () => {},
  }
  const request = { prompt: 'go', count, temperature: 0, topK: 0, seed: 0n }
  const beside = other === null ? undefined : speaker(other).decoder!
  await writeText(speaker(own), await loadTokenizer('bytes'), request, context, beside)
  const texts = reports.filter((report) => report.kind === 'text')
  const last = texts.at(-1)!
  return {
    text: texts.map(({ text }) => text).join(''),
    beside: last.beside && { text: texts.map((each) => each.beside!.text).join(''), equal: last.beside.equal },
  }
}

test('another model writes beside: its text, and how many tokens are the same before the first that is not', async () => {
  expect(await written('abcdef', 'abcdef', 6)).toEqual({ text: 'abcdef', beside: { text: 'abcdef', equal: 6 } })
  // what agrees again later does not count
  expect(await written('abcdef', 'abxdef', 6)).toEqual({ text: 'abcdef', beside: { text: 'abxdef', equal: 2 } })
  expect(await written('abcdef', 'xbcdef', 6)).toEqual({ text: 'abcdef', beside: { text: 'xbcdef', equal: 0 } })
  // characters of several bytes come out whole
  expect(await written('ab\u00c3\u00a9', 'ab\u00c3\u00a8', 4)).toEqual({
    text: 'abé',
    beside: { text: 'abè', equal: 3 },
  })
})

test('without another model there is nothing beside', async () => {
  expect(await written('abc', null, 3)).toEqual({ text: 'abc', beside: null })
})
