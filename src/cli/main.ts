#!/usr/bin/env node
import { readFileSync } from 'node:fs'
import { endOutput, exitCodeOf, reportFailure } from './failure.js'
import { createProgram } from './program.js'

process.stdout.on('error', (error) => endOutput('standard output', error))
process.stderr.on('error', (error) => endOutput('standard error', error))

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string
}

try {
  await createProgram(version).parseAsync()
} catch (error) {
  reportFailure(error)
  process.exitCode = exitCodeOf(error)
}
