import { build } from './build.ts'

build()
// A name that the compiler does not follow: the built server may not be there yet when types are checked.
const server = '../dist/server/main.js'
await import(server)
