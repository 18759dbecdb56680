/** Why a run is not the one that is asked for, in words: settings by the names of their options, texts by their files. */
import type { CorpusFile, CorpusPart } from '../data/index.js'
import { differences } from '../search/fingerprint.js'
import { formatFiles, type RunIdentity } from './run-record.js'

/** Options whose names are not those of their settings. */
const options: Readonly<Record<string, string>> = {
  positions: 'context',
  tiedHead: 'untied',
  initialisation: 'init',
  learningRate: 'lr',
  finalLearningRate: 'final-lr',
  densities: 'density',
  'task.name': 'task',
  network: 'on',
}

/** Settings that have no option: they follow from others, or are those of the family. */
const facts: Readonly<Record<string, string>> = {
  vocabulary: 'the vocabulary',
  headWidth: 'the width of a head',
  types: 'the number of token types',
  layerNormEpsilon: "the norms' epsilon",
  normEpsilon: "the norms' epsilon",
  ropeTheta: 'the base of the rotary angles',
  inputBias: 'a bias of queries, keys and values',
  outputBias: "a bias of the attention's output",
  feedForwardBias: 'a bias of the feed-forward maps',
  magnitudes: 'the rounding of magnitudes',
  kind: 'the kind of run',
  matrices: 'the random matrices',
}

/** The option of a setting by its path in a record: `settings.config.positions` is `--context`; in words where it has none. */
export function optionOf(path: string): string {
  if (!path.startsWith('settings.')) return path
  const name = path.startsWith('settings.task.name') ? 'task.name' : path.slice(path.lastIndexOf('.') + 1)
  for (const [group, option] of Object.entries({ embeddings: 'embedding', densities: 'density' })) {
    if (path.startsWith(`settings.${group}.`)) return `--${option}-${name}`.replace('--density-', '--density ')
  }
  if (Object.hasOwn(facts, name)) return facts[name]
  return `--${options[name] ?? name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`
}

/**
 * What differs between the settings of two runs: `--keep is 0.3 there, 0.5 here`; undefined when nothing does. Of a folder's tokenizer
 * the first digits of its hash are shown.
 */
export function settingDifferences(there: RunIdentity, here: RunIdentity): string | undefined {
  // Absent in a record: float32. Of the network that a search is on its hash says all.
  const full = ({ settings: { on, ...settings } }: RunIdentity) => ({
    settings: { arithmetic: 'float32', on: on?.network.slice(0, 8), ...settings },
  })
  const settings = differences(full(there), full(here), optionOf)
  if (settings !== undefined) return settings
  const [old, found] = [there, here].map(({ tokenizer }) => ({
    'the tokenizer.json': tokenizer?.slice(0, 8) ?? 'none',
  }))
  return differences(old, found)
}

/**
 * Which files of a corpus are not those of a run.
 * @param listed the run's `corpus.jsonl`; undefined where it has none
 * @returns ` (changed: a.txt; new: b.txt; missing: c.txt)`, or nothing where the files are not known
 */
export function fileDifferences(listed: string | undefined, parts: readonly CorpusPart[]): string {
  const [before, now] = [partsOf(listed ?? ''), partsOf(formatFiles(parts))]
  if (before.length === 0) return ''
  const [changed, added, missing]: string[][] = [[], [], []]
  for (let i = 0; i < Math.max(before.length, now.length); i++) {
    const [old, found] = [before[i] ?? [], now[i] ?? []]
    const isPair = old.length === 1 && found.length === 1 // a text alone may have been renamed
    const like = (files: readonly CorpusFile[], name: string) => files.find((file) => isPair || file.name === name)
    for (const { name, sha256 } of found) {
      const other = like(old, name)
      if (other === undefined) added.push(name)
      else if (other.sha256 !== sha256) changed.push(name)
    }
    missing.push(...old.filter(({ name }) => !like(found, name)).map(({ name }) => name))
  }
  const some = Object.entries({ changed, new: added, missing }).filter(([, names]) => names.length > 0)
  const shown = (names: string[]) =>
    names.slice(0, 3).join(', ') + (names.length > 3 ? ` and ${names.length - 3} more` : '')
  return some.length === 0 ? '' : ` (${some.map(([what, names]) => `${what}: ${shown(names)}`).join('; ')})`
}

/** The files of `corpus.jsonl` by their parts; none where a line is not whole. */
function partsOf(text: string): CorpusFile[][] {
  const parts = new Map<string, CorpusFile[]>()
  try {
    for (const line of text.split('\n').filter(Boolean)) {
      const { part, ...file } = JSON.parse(line) as CorpusFile & { part: string }
      parts.set(part, [...(parts.get(part) ?? []), file])
    }
  } catch {
    return []
  }
  return [...parts.values()]
}
