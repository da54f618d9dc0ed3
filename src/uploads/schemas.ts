import { Type, type Static } from 'typebox'
import { Id, nullable, PageQuery, pageOf, Time } from '../catalog/schemas.ts'

const states = ['open', 'received', 'published', 'duplicate', 'rejected', 'cancelled'] as const

export const UploadState = Type.Enum([...states])
export type UploadState = Static<typeof UploadState>

export const Upload = Type.Object({
  id: Id,
  relativePath: Type.String(),
  sizeBytes: Type.Integer(),
  state: UploadState,
  stage: nullable(Type.String({ description: 'What the worker is doing now.' })),
  reasonCode: nullable(Type.String()),
  reason: nullable(Type.String({ description: 'Why it was rejected or cancelled or, while received, why processing failed.' })),
  trackId: nullable(Id),
  source: Type.Enum(['browser', 'import']),
  createdAt: Time,
  finishedAt: nullable(Time),
  uploadedBy: nullable(Type.Object({ id: Id, displayName: Type.String() }))
}, { title: 'Upload' })
export type Upload = Static<typeof Upload>

export const UploadPage = pageOf(Upload)
export type UploadPage = Static<typeof UploadPage>

export const UploadsQuery = Type.Object({
  ...PageQuery.properties,
  state: Type.Optional(UploadState),
  show: Type.Optional(Type.Enum(['running', 'failed', 'rejected', 'done'])),
  reason: Type.Optional(Type.String({ maxLength: 100, pattern: '^[^\\u0000]*$', description: 'reasonCode of those wanted.' }))
})
export type UploadsQuery = Static<typeof UploadsQuery>

export const UploadSummary = Type.Object({
  running: Type.Integer(),
  failed: Type.Integer({ description: 'Their jobs have used up their attempts; they can be tried again.' }),
  rejected: Type.Integer({ description: 'The files themselves are the fault.' }),
  done: Type.Integer(),
  reasons: Type.Array(Type.Object({
    code: Type.String(),
    count: Type.Integer(),
    examples: Type.Array(Type.String(), { description: 'Paths of up to three.' }),
    reason: nullable(Type.String({ description: 'The sentence that one of them was given.' }))
  }), { description: 'Of the rejected, the most frequent first.' })
}, { title: 'UploadSummary' })
export type UploadSummary = Static<typeof UploadSummary>

export const UploadsRetry = Type.Object({ ids: Type.Optional(Type.Array(Id, { minItems: 1, maxItems: 1_000, description: 'Without them: all that failed.' })) })
export const UploadsRetried = Type.Object({ retried: Type.Integer() })

export const NewUpload = Type.Object({
  relativePath: Type.String({ minLength: 1, maxLength: 1_024, description: 'Folders and name as the curator has them: tags fall back to these.' }),
  sizeBytes: Type.Integer({ minimum: 0 }),
  contentType: Type.String({ maxLength: 200, description: 'As the browser names it; what counts is the ending of the name.' }),
  fingerprint: Type.String({ minLength: 1, maxLength: 500, description: 'The same for the same file after a reload: name, size, last change.' })
}, { title: 'NewUpload' })
export type NewUpload = Static<typeof NewUpload>

const PartNumber = Type.Integer({ minimum: 1, maximum: 10_000 })

export const UploadedPart = Type.Object({ partNumber: PartNumber, etag: Type.String(), sizeBytes: Type.Integer() })
export type UploadedPart = Static<typeof UploadedPart>

export const UploadTicket = Type.Object({
  id: Id,
  state: UploadState,
  partSizeBytes: Type.Integer({ description: 'Size of every part but the last.' }),
  partCount: Type.Integer(),
  uploadedParts: Type.Array(UploadedPart, { description: 'What the store has already: go on with the others.' })
}, { title: 'UploadTicket' })
export type UploadTicket = Static<typeof UploadTicket>

export const NewUploads = Type.Object({ files: Type.Array(NewUpload, { minItems: 1, maxItems: 100 }) })
export type NewUploads = Static<typeof NewUploads>

export const TicketOrFault = Type.Object({
  ticket: nullable(UploadTicket),
  error: nullable(Type.Object({ code: Type.String(), message: Type.String() }))
})
export type TicketOrFault = Static<typeof TicketOrFault>

export const UploadTickets = Type.Object({ items: Type.Array(TicketOrFault, { description: 'In the order of the files.' }) }, { title: 'UploadTickets' })
export type UploadTickets = Static<typeof UploadTickets>

export const PartsQuery = Type.Object({ partNumbers: Type.Array(PartNumber, { minItems: 1, maxItems: 200, uniqueItems: true }) })
export type PartsQuery = Static<typeof PartsQuery>

export const PartAddress = Type.Object({
  partNumber: PartNumber,
  url: Type.String({ description: 'PUT exactly the bytes of this part here, with these headers; keep the ETag of the answer.' }),
  headers: Type.Record(Type.String(), Type.String()),
  expiresAt: Time
})
export type PartAddress = Static<typeof PartAddress>

export const PartAddresses = Type.Object({ parts: Type.Array(PartAddress) }, { title: 'PartAddresses' })
export type PartAddresses = Static<typeof PartAddresses>

export const UploadedParts = Type.Object({ parts: Type.Array(UploadedPart) }, { title: 'UploadedParts' })
export type UploadedParts = Static<typeof UploadedParts>

const sha256Pattern = '^[0-9a-f]{64}$'
const Sha256 = Type.String({ pattern: sha256Pattern })

export const Completion = Type.Object({
  parts: Type.Array(Type.Object({ partNumber: PartNumber, etag: Type.String({ minLength: 1, maxLength: 200 }) }), { minItems: 1, maxItems: 10_000 }),
  sha256: Type.Optional(Type.String({ pattern: sha256Pattern, description: 'Of the whole file: the worker refuses other bytes.' }))
}, { title: 'UploadCompletion' })
export type Completion = Static<typeof Completion>

export const KnownFilesQuery = Type.Object({ files: Type.Array(Type.Object({ sha256: Sha256 }), { minItems: 1, maxItems: 1_000 }) })
export type KnownFilesQuery = Static<typeof KnownFilesQuery>

export const KnownFiles = Type.Object({
  files: Type.Array(Type.Object({ sha256: Sha256, trackId: nullable(Id) }), { description: 'trackId is null where the bytes are new: upload them.' })
}, { title: 'KnownFiles' })
export type KnownFiles = Static<typeof KnownFiles>

export const DemoAlbum = Type.Object({ files: Type.Integer({ description: 'Tracks of the album, now being processed.' }) })
