// Figures 4 to 6 of the paper with 100 random sources a point, by `slt reproduce`.
import { inTemporaryFolder, runCli } from './cli.mjs'
import { figure } from './measure.mjs'

export async function run(log) {
  const { result, seconds } = await inTemporaryFolder((folder) =>
    runCli('reproduce', '--sources', '100', '--out', folder),
  )
  for (const each of result.figures) {
    log(`figure ${each.figure}: ${figure(each.seconds)} s`)
    for (const { name, rate, rateError } of each.fits)
      log(`  fit, ${name}: rate ${rate.toFixed(4)} +- ${rateError.toPrecision(2)}`)
    for (const { claim, measured, holds } of each.checks)
      log(`  ${holds ? 'holds' : 'DOES NOT HOLD'}: ${claim}: ${measured}`)
  }
  log(`goal: under 60 s together on 2 cores: ${figure(seconds)} s`)
  return {
    sources: result.sources,
    seconds,
    figures: result.figures.map(({ figure: number, seconds: took, fits, checks }) => ({
      figure: number,
      seconds: took,
      fits,
      checks,
    })),
  }
}
