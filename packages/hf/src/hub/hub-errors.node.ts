import { HubApiError } from '@huggingface/hub';
import { CheckpointError } from '@tttv2/spec';

/** What a person needs to know when the hub does not say what files a model has. */
export function listingError(id: string, revision: string, cause: unknown): CheckpointError {
  if (!(cause instanceof HubApiError)) return unreachable(id, cause);
  if (cause.statusCode === 403) return restricted(id, cause);
  if (cause.statusCode === 404) {
    return explained(id, `there is no such model on the hub, or it has no revision "${revision}": check both`, cause);
  }
  if (cause.statusCode === 401) {
    // Without a token, the hub does not tell a model that is private from one that is not there.
    const message = 'there is no such model on the hub, or it is private: check its name, or set HF_TOKEN for access';
    return explained(id, message, cause);
  }
  return refused(id, cause);
}

/** What a person needs to know when a file of a model does not arrive. */
export function downloadError(id: string, path: string, cause: unknown): CheckpointError {
  if (CheckpointError.isInstance(cause)) return cause;
  if (isSystemError(cause)) return cacheError(`${id}/${path}`, cause);
  if (!(cause instanceof HubApiError)) return unreachable(`${id}/${path}`, cause);
  const isRestricted = cause.statusCode === 401 || cause.statusCode === 403;
  return isRestricted ? restricted(id, cause) : refused(`${id}/${path}`, cause);
}

/** What a person needs to know when the cache takes nothing. */
export function cacheError(file: string, cause: unknown): CheckpointError {
  return explained(
    file,
    `cannot be kept in the cache (${reasonOf(cause)}): set HF_HUB_CACHE to a folder for it`,
    cause,
  );
}

function restricted(id: string, cause: HubApiError): CheckpointError {
  const message =
    'access is restricted: accept the terms on the page of this model, and set HF_TOKEN to a token of the same account';
  return explained(id, message, cause);
}

function refused(file: string, cause: HubApiError): CheckpointError {
  return explained(file, `the hub refused (status ${cause.statusCode}): ${cause.message}`, cause);
}

function unreachable(file: string, cause: unknown): CheckpointError {
  const message = `the hub could not be reached (${reasonOf(cause)}): use a folder on this machine or a pulled model`;
  return explained(file, message, cause);
}

/** What the file system says; what the network says comes wrapped. */
function isSystemError(error: unknown): boolean {
  return error instanceof Error && 'syscall' in error;
}

function explained(file: string, message: string, cause: unknown): CheckpointError {
  return new CheckpointError({ file, message, cause });
}

/** The TypeError of `fetch` only says that it failed; the reason is its cause. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error instanceof TypeError && error.cause instanceof Error ? error.cause.message : error.message;
}
