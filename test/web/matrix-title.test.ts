import { expect, test } from 'vitest'
import type { BaseConfig } from '../../src/families/config.js'
import { matricesOf } from '../../src/families/family.js'
import { type PairChoice, pairPlans } from '../../src/families/pair-plan.js'
import { chooseModel } from '../../src/search/models.js'
import { matrixTitles, titleInSentence } from '../../web/src/ui/matrix-title.js'

/** Titles in sentences by names. */
const sentences = (config: BaseConfig, choice: PairChoice | null, token = 'byte') =>
  new Map([...matrixTitles(config, choice, token)].map(([name, title]) => [name, titleInSentence(title)]))

const gpt2 = chooseModel({ model: 'micro', untied: true }, 300)
const llama = chooseModel({ model: 'llama-micro' }, 300)
const bert = chooseModel({ model: 'bert-micro' }, 299)

test('searched matrices are called by what they do, with the token that the model reads', () => {
  const titles = sentences(gpt2, null, 'letter')
  expect(titles.get('wte')).toBe('letter embedding')
  expect(titles.get('wpe')).toBe('position embedding')
  expect(titles.get('h.0.attn.q')).toBe('layer 1, queries')
  expect(titles.get('h.3.mlp.c_proj')).toBe('layer 4, feed-forward out')
  expect(titles.get('lm_head')).toBe('output head')
  expect(sentences(llama, null).get('layers.1.mlp.gate_proj')).toBe('layer 2, feed-forward in (gate)')
  expect(sentences(llama, null).get('layers.1.mlp.up_proj')).toBe('layer 2, feed-forward in (up)')
  expect(sentences(bert, null).get('embeddings.type')).toBe('type embedding')
})

test('pairs of a pruned model: heads, frequencies, rows of tables, what norms become', () => {
  const merged = sentences(gpt2, { attention: 'merged', dense: 'embeddings' })
  expect(merged.get('h.2.attn.1.vo')).toBe('layer 3, head 2, value × output')
  expect(merged.get('h.2.attn.1.qk')).toBe('layer 3, head 2, query × key')
  const rotary = sentences(llama, { attention: 'rotary', dense: 'none' }, 'token')
  expect(rotary.get('layers.0.self_attn.1.qk.31')).toBe('layer 1, head 2, frequency 32')
  expect(rotary.get('embed_tokens.2')).toBe('token embedding, rows 257–300')
  expect(rotary.get('norm.weight')).toBe('final norm, gains')
  const post = sentences(bert, { attention: 'merged', dense: 'none' })
  expect(post.get('embeddings.norm.weight')).toBe('embedding norm, gains')
  expect(post.get('layer.1.attention.norm.bias')).toBe('layer 2, norm 1, shifts')
  expect(post.get('layer.1.norm.weight')).toBe('layer 2, norm 2, gains')
  expect(post.get('embeddings.type')).toBe(undefined)
  expect(post.get('embeddings.type.0')).toBe('type embedding')
})

test.each([
  ['GPT-2', gpt2, 'merged'],
  ['Llama', llama, 'factored'],
  ['Llama', llama, 'rotary'],
  ['BERT', bert, 'merged'],
  ['BERT', bert, 'factored'],
] as const)(
  '%s %#: every matrix and every pair has a title of its own, in groups that follow each other',
  (_, config, attention) => {
    for (const choice of [null, { attention, dense: 'none' }, { attention, dense: 'embeddings' }] as const) {
      const titles = matrixTitles(config, choice, 'byte')
      const names = (choice ? pairPlans(config, choice) : matricesOf(config)).map(({ name }) => name)
      expect([...titles.keys()]).toEqual(names)
      expect(new Set([...titles.values()].map(titleInSentence)).size).toBe(names.length)
      const groups = [...titles.values()].map(({ group }) => group)
      const kinds = groups.filter((group, i) => group !== groups[i - 1])
      expect(new Set(kinds).size).toBe(kinds.length)
    }
  },
)
