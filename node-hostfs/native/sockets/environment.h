// What the addon keeps for each environment (the main thread, and each worker that loads it).
#pragma once

#include <napi.h>

#include <memory>

#include "address.h"
#include "spin.h"

namespace sockets {

// A descriptor on its way into a stream or a listener. Whoever constructs one from JavaScript has none to give.
struct Adoption {
  int fd;
  Address peer;
  std::shared_ptr<Spin> spin;
};

struct Environment {
  Napi::FunctionReference stream;
  Napi::FunctionReference listener;
  Adoption* adoption = nullptr;

  static Environment& Of(Napi::Env env) { return *env.GetInstanceData<Environment>(); }
};

// A new object of a class of ours, around a descriptor that it owns from then on. Throws, with the descriptor closed,
// where that cannot be.
Napi::Object Adopt(Napi::Env env, Napi::FunctionReference& constructor, Adoption adoption);
// To be called by such a constructor. Throws a TypeError into whoever wrote `new`.
Adoption TakeAdoption(Napi::Env env);

}  // namespace sockets
