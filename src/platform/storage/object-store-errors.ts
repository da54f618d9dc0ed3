import createError from '@fastify/error'

export const ObjectNotFoundError = createError<[string]>('OBJECT_NOT_FOUND', 'no object %s in the store', 404)
export const ObjectExistsError = createError<[string]>('OBJECT_EXISTS', 'object %s exists already', 409)
export const ObjectKeyInvalidError = createError<[string]>('OBJECT_KEY_INVALID', '%s is not a valid object key', 400)
export const ObjectChecksumError = createError<[string]>('OBJECT_CHECKSUM', 'the bytes for %s do not have the announced sha256', 400)
export const MultipartNotFoundError = createError<[string]>('MULTIPART_NOT_FOUND', 'no multipart upload %s is under way', 404)
export const MultipartInvalidError = createError<[string]>('MULTIPART_INVALID', 'the parts do not make an object: %s', 400)
export const ObjectRangeError = createError<[string]>('OBJECT_RANGE', 'the asked range begins after the end of %s', 416)
export const StoreFullError = createError<[string]>('STORE_FULL', 'the disk of the object store is full: %s was not kept; free some space and try again', 507)
