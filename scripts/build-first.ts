import { build } from './build.ts'

// For `node --import`: a script that imports the database client can only be loaded where that is built.
build('client')
