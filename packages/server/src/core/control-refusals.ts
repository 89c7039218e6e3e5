import { internalError } from "@tutti/protocol/control";

/* Ids that nobody has, in Snapcast's words: its apps look for them. */

export const CLIENT_NOT_FOUND = internalError("Client not found");
export const GROUP_NOT_FOUND = internalError("Group not found");
export const STREAM_NOT_FOUND = internalError("Stream not found");
