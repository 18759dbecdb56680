export {
  type Calibration,
  type CalibrationOptions,
  type CalibrationPoint,
  calibrateC,
  wilsonInterval,
} from './calibration.js'
export {
  type AnyFigure,
  allFigures,
  type FigureCheck,
  type FigureFit,
  type FigureId,
  type FigureOptions,
  type FigurePoint,
  type FigureResult,
  type FigureSeries,
  figureName,
} from './figure.js'
export { figure7Runs, runFigure7 } from './figure-7.js'
export { figure8Runs, runFigure8 } from './figure-8.js'
export { type FigurePlan, lossOf, parseFigure, reportedFigures } from './kept-figures.js'
export type {
  LanguageFigureOptions,
  LanguageFigureResult,
  LanguageModelOutcome,
  LanguageModelRequest,
  RunLanguageModel,
} from './language-model.js'
export {
  choosePreset,
  type LanguagePreset,
  type PresetChanges,
  type PresetName,
  presetNames,
} from './language-presets.js'
export { corpusText } from './language-settings.js'
export { languageWork } from './language-work.js'
export { renderFigure, renderReport, runFigure } from './run-figure.js'
export { quantile, type Summary, summarise } from './statistics.js'
export {
  paperTraining,
  type TargetReport,
  type TargetTraining,
  type TrainedTarget,
  type TrainTargetOptions,
  trainTarget,
} from './trained-target.js'
