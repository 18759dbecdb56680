import { Command } from 'commander'
import { expect, test } from 'vitest'
import { addSearch } from '../../src/cli/search.js'
import { byteTokenizer } from '../../src/data/byte-tokenizer.js'
import { optionOf } from '../../src/files/run-difference.js'
import { searchFamilies } from '../../src/search/models.js'
import { chooseSettings } from '../../src/search/settings.js'

/** The paths of all settings. */
function paths(value: object, prefix: string): string[] {
  return Object.entries(value).flatMap(([key, each]) =>
    typeof each === 'object' && each !== null ? paths(each, `${prefix}${key}.`) : [`${prefix}${key}`],
  )
}

test.each(searchFamilies)(
  'what differs between two runs of a %s is called by an option that there is, or in words',
  (family) => {
    const program = new Command()
    addSearch(program)
    const options = program.commands[0].options.map(({ long }) => long)
    const names = paths(chooseSettings({ kind: 'search', family }, byteTokenizer), 'settings.').map(optionOf)
    expect(names).toContain('--layers')
    expect(names).toContain('--context')
    for (const name of names) expect(name.startsWith('--') ? options : [name]).toContain(name)
    expect(names.filter((name) => /[A-Z]/.test(name))).toEqual([])
  },
)
