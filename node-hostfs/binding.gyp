{
  "targets": [
    {
      "target_name": "hostfs",
      "sources": [
        "native/addon.cc",
        "native/args.cc",
        "native/attributes.cc",
        "native/directory.cc",
        "native/handle.cc",
        "native/io.cc",
        "native/lock.cc",
        "native/names.cc",
        "native/open.cc",
        "native/proc_fd.cc",
        "native/seccomp.cc",
        "native/xattr.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=gnu++17", "-fexceptions", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-missing-field-initializers"]
    },
    {
      "target_name": "sockets",
      "sources": [
        "native/args.cc",
        "native/sockets/addon.cc",
        "native/sockets/address.cc",
        "native/sockets/listener.cc",
        "native/sockets/loop_handle.cc",
        "native/sockets/spin.cc",
        "native/sockets/stream.cc"
      ],
      "include_dirs": ["<!(node -p \"require('node-addon-api').include_dir\")"],
      "defines": ["NAPI_VERSION=8", "NAPI_CPP_EXCEPTIONS", "NODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS", "_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
      "cflags!": ["-fno-exceptions"],
      "cflags_cc!": ["-fno-exceptions", "-fno-rtti", "-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=gnu++17", "-fexceptions", "-fvisibility=hidden", "-Wall", "-Wextra", "-Wno-missing-field-initializers"]
    },
    {
      "target_name": "confine",
      "type": "executable",
      "sources": [
        "native/confine/landlock.cc",
        "native/confine/main.cc",
        "native/confine/mounts.cc",
        "native/confine/privileges.cc"
      ],
      "defines": ["_GNU_SOURCE", "_FILE_OFFSET_BITS=64"],
      "cflags_cc!": ["-std=gnu++14", "-std=gnu++17", "-std=gnu++20"],
      "cflags_cc": ["-std=gnu++17", "-Wall", "-Wextra", "-Wno-missing-field-initializers"]
    }
  ]
}
