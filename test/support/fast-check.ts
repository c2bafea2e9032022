/** fast-check that makes entries as long as a test permits: by default it makes ten elements at most, whatever length is permitted. */
import fc from 'fast-check';

fc.configureGlobal({ ...fc.readConfigureGlobal(), defaultSizeToMaxWhenMaxSpecified: true });

export { fc };
