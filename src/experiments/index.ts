export {
  type Calibration,
  type CalibrationOptions,
  type CalibrationPoint,
  calibrateC,
  wilsonInterval,
} from './calibration.js'
export type {
  FigureCheck,
  FigureFit,
  FigureNumber,
  FigureOptions,
  FigurePoint,
  FigureResult,
  FigureSeries,
} from './figure.js'
export { renderFigure } from './figure-svg.js'
export { renderReport } from './report.js'
export { runFigure } from './run-figure.js'
export { quantile, type Summary, summarise } from './statistics.js'
export {
  paperTraining,
  type TargetReport,
  type TargetTraining,
  type TrainedTarget,
  type TrainTargetOptions,
  trainTarget,
} from './trained-target.js'
