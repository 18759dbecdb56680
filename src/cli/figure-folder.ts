import { join } from 'node:path'
import type { FigurePlan, FigureResult, LanguageFigureResult } from '../experiments/index.js'
import type { Replaces } from '../files/place-file.js'
import { InputError } from '../safetensors/input-error.js'

type Figure = FigureResult | LanguageFigureResult

/** The folder that figures are written to, with those of earlier runs. */
export interface FigureFolder {
  /** Figures of earlier runs that this one does not make. */
  readonly others: readonly Figure[]
  /** Paths of what was written. */
  readonly written: readonly string[]
  /** Writes `figure-N.json` and `figure-N.svg`, N a number or `rotary`. */
  writeFigure(figure: Figure): Promise<void>
  /** Writes `report.html` with these figures and the earlier ones. */
  writeReport(figures: readonly Figure[]): Promise<void>
}

const REPORT = 'report.html'
const advice = '--force replaces it, another --out keeps both'

/**
 * Opens the folder of figures, made when missing, and checks what would be lost of what is there. A figure that was made with the same
 * settings is made and written again, and so is a report of figures whose results lie in the folder.
 * @param plans of the figures that are going to be made
 * @throws InputError when another file or a figure of other settings would be lost without `force`
 */
export async function openFigureFolder(
  folder: string,
  plans: readonly FigurePlan[],
  { force = false }: { force?: boolean | undefined },
): Promise<FigureFolder> {
  const [experiments, { makeFolder, readTextIfThere, writeTextAtomically }, { assertWritable, expectPath }] =
    await Promise.all([
      import('../experiments/index.js'),
      import('../files/files.js'),
      import('../files/output-path.js'),
    ])
  const { allFigures, lossOf, parseFigure, renderFigure, renderReport, reportedFigures } = experiments
  expectPath(folder)
  await makeFolder(folder)
  /** The figure of a file; undefined where there is no file. */
  const readFigure = async (path: string) => {
    const text = await readTextIfThere(path)
    try {
      return text === undefined ? undefined : parseFigure(text)
    } catch (error) {
      throw new InputError(`${path}: is no figure of slt reproduce (${(error as Error).message}): ${advice}`)
    }
  }
  const others: Figure[] = []
  for (const figure of allFigures.filter((each) => !plans.some((plan) => plan.figure === each))) {
    // With --force a file that is no figure stays where it is, and out of the report.
    const other = await readFigure(join(folder, `figure-${figure}.json`)).catch((error) => {
      if (!force || !(error instanceof InputError)) throw error
    })
    if (other) others.push(other)
  }
  const replaces = new Map<string, Replaces>()
  const claim = async (name: string, isSame: (path: string) => Promise<boolean>) => {
    replaces.set(name, await assertWritable(join(folder, name), { force, isSame, advice }))
  }
  for (const plan of plans) {
    const json = `figure-${plan.figure}.json`
    await claim(json, async (path) => {
      const there = await readFigure(path)
      const loss = there && lossOf(there, plan)
      if (loss !== undefined) throw new InputError(`${path}: was made with other settings (${loss}): ${advice}`)
      return true
    })
    // It was drawn from the JSON, which by now is known to be replaceable.
    await claim(`figure-${plan.figure}.svg`, async () => replaces.get(json) !== 'nothing')
  }
  await claim(REPORT, async (path) => {
    const shown = reportedFigures((await readTextIfThere(path)) ?? '')
    if (shown === undefined) throw new InputError(`${path}: is no report of slt reproduce: ${advice}`)
    const known = [...plans, ...others].map(({ figure }) => figure)
    const lost = shown.find((figure) => !known.includes(figure))
    if (lost === undefined) return true
    throw new InputError(`${path}: shows figure ${lost}, whose figure-${lost}.json is not beside it: ${advice}`)
  })

  const written: string[] = []
  const write = async (name: string, text: string) => {
    await writeTextAtomically(join(folder, name), text, { replaces: replaces.get(name) })
    written.push(join(folder, name))
  }
  return {
    others,
    written,
    async writeFigure(figure) {
      await write(`figure-${figure.figure}.json`, `${JSON.stringify(figure, null, 2)}\n`)
      await write(`figure-${figure.figure}.svg`, await renderFigure(figure))
    },
    writeReport: async (made) => {
      const all = [...made, ...others]
      const inOrder = allFigures.flatMap((figure) => all.filter((each) => each.figure === figure))
      await write(REPORT, await renderReport(inOrder))
    },
  }
}
