/**
 * The parts of the Kafka client that Tocsin uses: connections and the protocol. The package's own entry also loads its consumers, its schema registry and
 * a compiled schema for each of their options: a third of what a start with Kafka took.
 */
import type * as Package from '@platformatic/kafka';

const entry = import.meta.resolve('@platformatic/kafka');
const part = async (file: string): Promise<typeof Package> => (await import(new URL(file, entry).href)) as typeof Package;

const [network, apis, protocol, errors] = await Promise.all(
  ['network/connection.js', 'apis/index.js', 'protocol/index.js', 'errors.js'].map(part),
);

export const { Connection } = network!;
export const { createAPI, createPartitionsV3, createTopicsV7, describeConfigsV4, describeGroupsV5, describeLogDirsV1 } = apis!;
export const { apiVersionsV3, fetchV12, findCoordinatorV4, heartbeatV4, incrementalAlterConfigsV1, initProducerIdV4 } = apis!;
export const { joinGroupV7, leaveGroupV4, listOffsetsV7, metadataV12, offsetCommitV8, offsetFetchV8, produceV9, syncGroupV5 } = apis!;
export const { Reader, Writer, compressionsAlgorithms, crc32c } = protocol!;
export const { MultipleErrors, ProtocolError } = errors!;

export type API<A extends unknown[], R> = Package.API<A, R>;
export type ConnectionOptions = Package.ConnectionOptions;
export type Connection = Package.Connection;
export type Reader = Package.Reader;
export type Writer = Package.Writer;
export type JoinGroupResponse = Package.joinGroupV7.JoinGroupResponse;
export type MetadataResponse = Package.metadataV12.MetadataResponse;
export type ProduceResponse = Package.produceV9.ProduceResponse;
