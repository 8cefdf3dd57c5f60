import testing from './testing.cjs'

export const { Sandbox } = testing
