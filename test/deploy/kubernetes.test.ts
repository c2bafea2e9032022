/** deploy/kubernetes: a Deployment per role, alike but for what the role needs, with nothing to lose in any of them. */
import assert from 'node:assert/strict';
import { globSync, existsSync } from 'node:fs';
import path from 'node:path';
import { describe, it } from 'node:test';
import { ROLES } from '../../src/app/roles/roles.ts';
import { loadPipeline } from '../../src/config/load-pipeline.ts';
import { ROOT } from '../e2e/tocsin.ts';
import { read, told, yamlOf, type Environment } from './deployed.ts';

type Labels = Readonly<Record<string, string>>;
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container {
  readonly image: string;
  readonly args: readonly string[];
  readonly env: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly envFrom: readonly {
    readonly configMapRef?: { readonly name: string };
    readonly secretRef?: { readonly name: string; readonly optional?: boolean };
  }[];
  readonly ports: readonly { readonly name: string; readonly containerPort: number }[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly resources: { readonly requests: Labels; readonly limits: Labels };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string; readonly readOnly?: boolean }[];
}
interface Resource {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string; readonly labels: Labels };
  readonly data?: Environment;
  readonly spec?: Readonly<Record<string, unknown>>;
}
interface Deployment extends Resource {
  readonly spec: {
    readonly serviceName?: string;
    readonly replicas: number;
    readonly selector: { readonly matchLabels: Labels };
    readonly template: {
      readonly metadata: { readonly labels: Labels };
      readonly spec: Readonly<Record<string, unknown>> & {
        readonly containers: readonly Container[];
        readonly volumes: readonly Readonly<Record<string, unknown>>[];
        readonly securityContext: Readonly<Record<string, unknown>>;
      };
    };
  };
}

const files = globSync('deploy/kubernetes/**/*.yml', { cwd: ROOT });
const resources = files.flatMap((file) => yamlOf(file)) as Resource[];
const ofKind = <T extends Resource>(kind: string): T[] => resources.filter((each) => each.kind === kind) as T[];
const deployments = [...ofKind<Deployment>('Deployment'), ...ofKind<Deployment>('StatefulSet')];
const config = ofKind('ConfigMap').find(({ metadata }) => metadata.name === 'tocsin')!;

/** What the commands in docs/deploy.md put into the Secrets, by their names. */
const secrets = new Map(
  [...read('docs/deploy.md').matchAll(/create secret generic (\S+) \\\n((?: +--from-literal.*\n)+)/g)].map(([, name, literals]) => [
    name!,
    Object.fromEntries([...literals!.matchAll(/--from-literal=(\w+)=/g)].map(([, key]) => [key!, 'x'.repeat(24)])) as Environment,
  ]),
);

function toldOf({ spec }: Deployment): ReturnType<typeof told> {
  const [{ args, env }] = spec.template.spec.containers as [Container];
  const own = Object.fromEntries(env.map(({ name, value = 'from-the-pod' }) => [name, value]));
  return told(args, { ...config.data, ...secrets.get('tocsin'), ...own });
}

describe('deploy/kubernetes', () => {
  it('has a Deployment for each role, with options and variables that there are', () => {
    assert.deepEqual(deployments.flatMap((each) => toldOf(each).roles).sort(), [...ROLES].sort());
    for (const each of deployments) {
      assert.equal(each.metadata.name, `tocsin-${toldOf(each).roles.join()}`);
      const named = each.spec.template.spec.containers[0]!.envFrom.map((from) => from.configMapRef?.name ?? from.secretRef?.name);
      assert.deepEqual(named, ['tocsin', 'tocsin', ...(toldOf(each).roles.includes('notify') ? ['tocsin-receivers'] : [])]);
    }
  });

  it('gives what receivers name as ${…} to the one that tells them, and to no other', () => {
    const shipped = globSync('pipelines/*.yml', { cwd: ROOT }).flatMap((file) => [...read(file).matchAll(/\$\{(\w+)\}/g)]);
    assert.deepEqual([...new Set(shipped.map(([, name]) => name!))].sort(), Object.keys(secrets.get('tocsin-receivers')!).sort());
    const notify = deployments.find(({ metadata }) => metadata.name === 'tocsin-notify')!;
    assert.deepEqual(notify.spec.template.spec.containers[0]!.envFrom.at(-1), { secretRef: { name: 'tocsin-receivers', optional: true } });
  });

  it('names members after their pods where pods keep their names, and nowhere else', () => {
    const named = deployments.filter(({ spec }) => spec.template.spec.containers[0]!.env.some(({ name }) => name === 'TOCSIN_INSTANCE_ID'));
    assert.deepEqual(named, ofKind('StatefulSet'));
    for (const { spec } of named) {
      const { valueFrom } = spec.template.spec.containers[0]!.env.find(({ name }) => name === 'TOCSIN_INSTANCE_ID')!;
      assert.deepEqual(valueFrom, { fieldRef: { fieldPath: 'metadata.name' } });
      const service = ofKind('Service').find(({ metadata }) => metadata.name === spec.serviceName)!;
      assert.deepEqual([service.spec!['clusterIP'], service.spec!['selector']], ['None', spec.selector.matchLabels]);
    }
  });

  it('probes paths that the server has, on the port it listens on', () => {
    const health = read('src/server/routes/health.ts');
    for (const each of deployments) {
      const [{ ports, startupProbe, livenessProbe, readinessProbe, image }] = each.spec.template.spec.containers as [Container];
      assert.deepEqual(ports, [{ name: 'http', containerPort: toldOf(each).port }]);
      const paths = [startupProbe, livenessProbe, readinessProbe].map(({ httpGet }) => httpGet);
      assert.deepEqual(paths, [
        { path: '/healthz', port: 'http' },
        { path: '/healthz', port: 'http' },
        { path: '/readyz', port: 'http' },
      ]);
      for (const { path: probed } of paths) assert.ok(health.includes(`app.get('${probed}'`) || health.includes(`'${probed}',`), probed);
      assert.equal(image, `tocsin:${(JSON.parse(read('package.json')) as { version: string }).version}`);
    }
  });

  it('runs without rights, and has nothing to lose', () => {
    for (const { spec, metadata } of deployments) {
      const { containers, volumes, securityContext, automountServiceAccountToken, enableServiceLinks } = spec.template.spec;
      assert.deepEqual([automountServiceAccountToken, enableServiceLinks], [false, false], metadata.name);
      assert.deepEqual([securityContext['runAsNonRoot'], securityContext['seccompProfile']], [true, { type: 'RuntimeDefault' }]);
      const [{ securityContext: own, resources: asked, volumeMounts }] = containers as [Container];
      assert.deepEqual(own, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: ['ALL'] } });
      assert.ok(asked.requests['cpu'] && asked.requests['memory'] === asked.limits['memory']);
      const kinds = volumes.map((volume) => Object.keys(volume).find((key) => key !== 'name') ?? '');
      assert.deepEqual(kinds.sort(), ['configMap', 'emptyDir', 'emptyDir'], metadata.name);
      assert.deepEqual(volumeMounts.map(({ name }) => name).sort(), volumes.map(({ name }) => String(name)).sort());
    }
    assert.deepEqual(ofKind('PersistentVolumeClaim'), []);
  });

  it('selects what it means', () => {
    const labelsOf = (role: string): Labels => ({ 'app.kubernetes.io/name': 'tocsin', 'app.kubernetes.io/component': role });
    for (const each of deployments) {
      const [role = ''] = toldOf(each).roles;
      assert.deepEqual(each.spec.selector.matchLabels, labelsOf(role));
      assert.deepEqual(each.spec.template.metadata.labels, labelsOf(role));
    }
    const service = ofKind('Service').find(({ metadata }) => metadata.name === 'tocsin')!;
    assert.deepEqual(service.spec!['selector'], labelsOf('api'));
    assert.deepEqual(service.spec!['ports'], [{ name: 'http', port: 80, targetPort: 'http' }]);
  });

  it('lets one of several go at a time', () => {
    const budgets = new Map(ofKind('PodDisruptionBudget').map(({ metadata, spec }) => [metadata.name, spec!]));
    const several = deployments.filter(({ spec }) => spec.replicas > 1);
    assert.deepEqual([...budgets.keys()].sort(), several.map(({ metadata }) => metadata.name).sort());
    for (const { metadata, spec } of several) {
      assert.deepEqual(budgets.get(metadata.name), { maxUnavailable: 1, selector: { matchLabels: spec.selector.matchLabels } });
    }
  });

  it('scales aggregate by the lag of its own group on its own topic', () => {
    const [{ spec }] = ofKind('ScaledObject') as [Resource];
    const aggregate = deployments.find(({ metadata }) => metadata.name === 'tocsin-aggregate')!;
    assert.deepEqual(spec!['scaleTargetRef'], { kind: aggregate.kind, name: aggregate.metadata.name });
    const { file, kafka } = toldOf(aggregate);
    const { engine } = loadPipeline(path.join(ROOT, file));
    const [{ type, metadata }] = spec!['triggers'] as [{ type: string; metadata: Labels }];
    assert.equal(type, 'kafka');
    assert.deepEqual([metadata['consumerGroup'], metadata['topic']], [engine.pipeline, engine.sources[0]!.topic]);
    assert.equal(metadata['bootstrapServers'], kafka);
    assert.equal(spec!['minReplicaCount'], aggregate.spec.replicas);
  });

  it('has every file that its page names', () => {
    for (const [, file] of read('docs/deploy.md').matchAll(/(deploy\/[\w./-]+\.(?:yml|sql|sh|example))/g)) {
      assert.ok(existsSync(path.join(ROOT, file!)), file);
    }
  });
});
