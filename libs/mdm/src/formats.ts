// What both halves of the product need of NanoMDM's formats, without its client.
export { decodeWebhook, isSigned, SIGNATURE_HEADER, type MdmMessage } from './webhook.js';
export { MAX_PROFILE_LENGTH, readProfile, type ProfileContent } from './profile-payload.js';
