{
  "targets": [
    {
      "target_name": "kvm",
      "sources": [
        "native/addon.cc",
        "native/environment.cc",
        "native/error.cc",
        "native/event_fd.cc",
        "native/external_buffer.cc",
        "native/guest_memory.cc",
        "native/ioctl.cc",
        "native/kick_signal.cc",
        "native/kvm.cc",
        "native/script_callback.cc",
        "native/vcpu.cc",
        "native/vcpu_thread.cc",
        "native/vm.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_ADDON_API_CPP_EXCEPTIONS_ALL", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_GNU_SOURCE"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=c++17", "-Wall", "-Wextra", "-Wno-unused-parameter", "-fvisibility=hidden"],
      # Node unloads an addon with the last worker that used it; the handler of the kick signal has to stay.
      "ldflags": ["-Wl,-z,nodelete"]
    }
  ]
}
