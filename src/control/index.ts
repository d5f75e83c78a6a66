export { command } from './endpoint.ts'
export { CONTROL_ID, type Control, type ControlOptions, compileControl } from './options.ts'
