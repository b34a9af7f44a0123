export { nanoMdm, type NanoMdmOptions } from './nanomdm.js';
export { fetchTransport, type MdmReply, type MdmRequest, type MdmTransport } from './transport.js';
